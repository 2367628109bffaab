import { sdkSettings } from '@mooring/rest';

// By itself, so that a command that looks at these settings loads nothing else of the package.
export { sdkSettings };

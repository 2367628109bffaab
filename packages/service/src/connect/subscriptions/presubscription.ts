import type { RegisteredDevice } from '../messages.ts';

/** A rule: which resources of which devices are observed as soon as they register. */
export interface Presubscription {
  /** Device id; may end with `*`. Every device if absent. */
  endpointName?: string;
  endpointType?: string;
  /** Each may end with `*`. All observable resources if absent. */
  paths?: readonly string[];
}

const matches = (pattern: string, text: string): boolean =>
  pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : pattern === text;

/** The paths that a rule wants of a device, in the order of its registration. */
export function wantedBy(rule: Presubscription, device: RegisteredDevice): string[] {
  if (rule.endpointName !== undefined && !matches(rule.endpointName, device.deviceId)) return [];
  if (rule.endpointType !== undefined && rule.endpointType !== device.endpointType) return [];
  return device.resources
    .filter(({ path, obs, aobs }) => {
      const isObservable = obs === true || aobs !== undefined;
      if (rule.paths === undefined) return isObservable;
      return rule.paths.some((pattern) => pattern === path || (isObservable && matches(pattern, path)));
    })
    .map(({ path }) => path);
}

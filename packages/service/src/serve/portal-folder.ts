import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where the build of the portal is: beside a program that was bundled, or in the checkout. Undefined where there is none. */
export function portalFolder(): string | undefined {
  const places = [join(import.meta.dirname, 'portal'), join(import.meta.dirname, '../../../portal/dist')];
  return places.find((folder) => existsSync(join(folder, 'index.html')));
}

/**
 * What has to hold for a device to be provisioned and to reach its service, from the bottom up. The names are part of
 * `--json`.
 */
export const rungNames = [
  'name',
  'route',
  'tcp',
  'host key',
  'login',
  'program',
  'store',
  'key pair',
  'chain',
  'clock',
  'service',
  'update certificate',
  'ids',
  'bootstrap',
  'registered',
] as const;

export type RungName = (typeof rungNames)[number];

import type { CampaignDevice } from './device-machine.ts';

/**
 * The codes of the old service: `UPD2_STATE_n` for what the device does, `UPD4_…_n` for what came of it, with n as the device
 * told it; `SYS_…` for what the service itself says. Their numbers are the old ones, their sentences ours.
 */
const service: Readonly<Record<string, string>> = {
  SYS_100: 'The manifest was not sent yet',
  SYS_101: 'The device refused the manifest',
  SYS_103: 'The device took the manifest and did nothing with it',
  SYS_104: 'The device came back with what it ran before',
  SYS_105: 'The manifest is being sent',
  SYS_106: 'The manifest was delivered',
  SYS_110: 'The device takes manifests of another schema',
  SYS_112: 'The device runs the new version',
  SYS_116: 'The campaign ended before the device was done',
  SYS_117: 'The update is for devices of another vendor or class',
  SYS_118: 'The update is for a component that the device does not have',
  SYS_121: 'The device cannot be updated',
  SYS_122: 'The device was deleted',
  SYS_124: 'The update is for another version than the device runs',
};

const states: readonly string[] = [
  'not initialised',
  'idle',
  'processing the manifest',
  'awaiting the approval to download',
  'downloading',
  'downloaded',
  'awaiting the approval to install',
  'installing',
  'restarting',
];

/** Results of the newer client (fota_status.h), positive on the wire. */
const fotaResults: Readonly<Record<number, string>> = {
  18: 'updated',
  21: 'the address of the image is too long',
  22: 'the manifest is malformed',
  23: 'the signature of the manifest is not good',
  24: 'the download failed',
  25: 'the payload format is not supported',
  26: 'the image is not what the manifest says',
  27: 'the version is not newer than what runs',
  28: 'the schema of the manifest is not supported',
  29: 'the vendor data of the manifest is too long',
  30: 'the update is for another vendor',
  31: 'the update is for another class',
  32: 'the delta is for another image than the one that runs',
  33: 'no space for the image',
  34: 'no memory',
  35: 'writing the image failed',
  36: 'reading the image failed',
  37: 'the installation was not authorised',
  38: 'the download was not authorised',
  39: 'the device has no such component',
  40: 'the installation failed',
  41: 'internal error',
  42: 'the delta could not be applied',
  43: 'a cryptographic operation failed',
  44: 'not found',
  45: 'the multicast was aborted',
  46: 'the combined package is wrong',
  47: 'the combined package is of another version',
  48: 'an image of the combined package is wrong',
  49: 'an image of the combined package is missing',
};

/** Results of the older client (arm_uc_public.h). */
const hubResults: Readonly<Record<number, string>> = {
  100: 'updated',
  101: 'network error',
  102: 'the payload is not valid',
  103: 'system error',
  200: 'manifest error',
  201: 'network error with the manifest',
  202: 'the manifest did not arrive in time',
  203: 'no connection for the manifest',
  204: 'the host of the manifest was not found',
  205: 'the connection for the manifest was lost',
  206: 'the manifest was not found',
  207: 'the manifest is damaged',
  208: 'the certificate of the manifest is not on the device',
  209: 'the certificate of the manifest is not good',
  210: 'the signature of the manifest is not good',
  211: 'a dependency is missing',
  212: 'another update is in progress',
  213: 'the image is there already',
  214: 'the version of the manifest is not supported',
  215: 'the update is for another vendor',
  216: 'the update is for another class',
  217: 'the manifest has a wrong size',
  218: 'the form of the manifest is wrong',
  219: 'the encryption mode is not supported',
  220: 'a field of the manifest is missing',
  221: 'the image is not newer than what runs',
  222: 'an item of the manifest is missing',
  223: 'the key table is wrong',
  224: 'the key table was not found',
  225: 'no space for the manifest',
  226: 'no space for the image',
  227: 'the manifest could not be stored',
  228: 'the update is for another device',
  229: 'the delta is for another image than the one that runs',
  230: 'the device cannot process the payload format',
  300: 'download error',
  301: 'network error while downloading',
  302: 'no route to the image',
  303: 'the download did not end in time',
  304: 'no connection for the download',
  305: 'the host of the image was not found',
  306: 'the connection for the download was lost',
  307: 'the address of the image is wrong',
  308: 'the request for the image is wrong',
  309: 'the image is not what the manifest says',
  310: 'the application refused the download',
  311: 'the application refused the download',
  312: 'the application refused the download',
  313: 'the application refused the download',
  314: 'the application refused the download',
  315: 'the download was not authorised',
  316: 'the download was not authorised',
  400: 'processing error',
  406: 'the processed image is damaged',
  407: 'the image could not be read',
  408: 'no space to process the image',
  409: 'no space to process the image',
  500: 'installation error',
  501: 'no space for the installation',
  502: 'no space for the installation',
  503: 'writing failed',
  504: 'the written image is not what the manifest says',
  505: 'the activation failed',
  506: 'the application refused the installation',
  507: 'the application refused the installation',
  508: 'the application refused the installation',
  509: 'the application refused the installation',
  510: 'the application refused the installation',
  511: 'the installation was not authorised',
  512: 'the installation was not authorised',
};

const successes: ReadonlySet<number> = new Set([1, 18, 19, 100]);

export const isSuccess = (result: number): boolean => successes.has(result);

export const stateEvent = (state: number): string => `UPD2_STATE_${state}`;

export const resultEvent = (result: number): string => `UPD4_${isSuccess(result) ? 'OK' : 'FAIL'}_${result}`;

/** The words of a result, without a point. */
export const resultText = (result: number): string => fotaResults[result] ?? hubResults[result] ?? `result ${result}`;

/** An event code in words. */
export function eventText(code: string): string {
  const known = service[code];
  if (known) return known;
  const found = /^UPD\d_(STATE|OK|FAIL)_(\d+)$/.exec(code);
  const value = Number(found?.[2]);
  if (found?.[1] === 'STATE') return `The device is ${states[value] ?? `in state ${value}`}`;
  if (found?.[1] === 'OK') return 'The device was updated';
  return found ? `The update failed: ${resultText(value)}` : code;
}

const summaryIds = { success: 'success', failed: 'fail', skipped: 'skipped', pending: 'info' } as const;

export type SummaryId = (typeof summaryIds)[keyof typeof summaryIds];

/** Where the statistics count a device. */
export const summaryOf = (status: CampaignDevice['status']): SummaryId => summaryIds[status];

export const summaryIdList: readonly SummaryId[] = ['fail', 'success', 'info', 'skipped'];

/** The other way round. */
export const statusOfSummary = (id: SummaryId): CampaignDevice['status'] =>
  (Object.keys(summaryIds) as CampaignDevice['status'][]).find((status) => summaryIds[status] === id) ?? 'pending';

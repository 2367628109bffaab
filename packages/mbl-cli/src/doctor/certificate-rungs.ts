import { formatUuid } from '@mooring/credentials';
import { type Certificate, parseCertificate } from '@mooring/pki';
import { findDeviceCertificate } from '../cloud/certificates.ts';
import { isRecord, parseJson } from '../json-line.ts';
import { checkCertificate } from '../provisioning/completeness.ts';
import { provisioningProgram } from '../provisioning/on-device.ts';
import { commandLine } from '../ssh/quote.ts';
import { run } from '../ssh/remote-command.ts';
import type { StoredCertificate } from '../stores/stored-certificate.ts';
import { type Examination, left } from './examination.ts';
import type { Finding, Rung } from './ladder.ts';

const bootstrap = 'MBED_CLOUD_DEV_BOOTSTRAP_';

export const itemOf = ({ items }: StoredCertificate, name: string): Buffer =>
  Buffer.from(items.find((item) => item.name === name)?.data ?? new Uint8Array());

export const deviceCertificateOf = (stored: StoredCertificate): Certificate =>
  parseCertificate(itemOf(stored, `${bootstrap}DEVICE_CERTIFICATE`));

const noName = (what: string): Finding => ({ state: 'not applicable', says: `no ${what} was named` });

/** Reads the named certificates, so that every rung can use them, whatever is wrong with them. */
export async function readCertificates(examined: Examination): Promise<void> {
  const { names, team } = examined;
  const read = (name: string | undefined) => (name === undefined ? undefined : team.look(name).catch(() => undefined));
  const [developer, update] = [await read(names.developer), await read(names.update)];
  if (developer?.kind === 'developer') examined.developer = developer;
  if (update?.kind === 'update') examined.update = update;
}

export function keyPairRung(examined: Examination): Rung {
  const { developer: name, update } = examined.names;
  return {
    name: 'key pair',
    needs: [],
    async probe() {
      if (name === undefined) return noName('CERT');
      const stored = await examined.team.look(name);
      if (!stored) {
        return {
          state: 'broken',
          says: `The Team Store has no certificate '${name}'.`,
          mend: `${commandLine(['mbl-cli', 'provision-pelion', name, update ?? 'UPDATE-CERT'])} fetches it from the service; with '-c' it has it made.`,
        };
      }
      checkCertificate(stored, 'developer');
      return (
        outOfDate(name, deviceCertificateOf(stored), examined.now()) ?? {
          state: 'ok',
          says: `'${name}' is whole, and its key fits its certificate`,
        }
      );
    },
  };
}

export function updateCertificateRung(examined: Examination): Rung {
  const name = examined.names.update;
  return {
    name: 'update certificate',
    needs: [],
    async probe() {
      if (name === undefined) return noName('UPDATE-CERT');
      const stored = await examined.team.look(name);
      if (!stored) {
        return {
          state: 'broken',
          says: `The Team Store has no certificate '${name}'.`,
          mend: "Store it with 'mbl-cli provision-pelion … -p update_default_resources.c'; 'manifest-tool init' makes that file.",
        };
      }
      checkCertificate(stored, 'update');
      const certificate = parseCertificate(itemOf(stored, 'arm_uc_default_certificate'));
      const fingerprint = itemOf(stored, 'arm_uc_default_fingerprint').toString('hex');
      if (fingerprint !== '' && fingerprint !== certificate.fingerprint) {
        return {
          state: 'broken',
          says: `The fingerprint stored with '${name}' is that of another certificate.`,
          mend: `Store it anew with 'mbl-cli provision-pelion … -p update_default_resources.c'.`,
        };
      }
      return (
        outOfDate(name, certificate, examined.now()) ?? {
          state: 'ok',
          says: `'${name}', until ${certificate.notAfter.toISOString().slice(0, 10)}`,
        }
      );
    },
  };
}

function outOfDate(name: string, { notBefore, notAfter }: Certificate, now: Date): Finding | undefined {
  const day = (date: Date) => date.toISOString().slice(0, 10);
  if (now > notAfter) {
    const says = `The certificate '${name}' expired on ${day(notAfter)}.`;
    return { state: 'broken', says, mend: 'Make a new one, and provision the devices with it.' };
  }
  if (now >= notBefore) return undefined;
  const says = `The certificate '${name}' is valid from ${day(notBefore)} on, and here it is ${day(now)}.`;
  return { state: 'broken', says, mend: 'Check the clock of this machine.' };
}

/** What has to be the same in several places: endpoint, account, vendor and class. */
export function idsRung(examined: Examination): Rung {
  const { names } = examined;
  return {
    name: 'ids',
    needs: [
      ...(names.developer === undefined ? [] : (['key pair'] as const)),
      ...(names.update === undefined ? [] : (['update certificate'] as const)),
    ],
    async probe() {
      if (names.developer === undefined && names.update === undefined) return noName('CERT or UPDATE-CERT');
      const fits: string[] = [];
      if (names.developer !== undefined) {
        const stored = left(examined.developer);
        const wrong =
          accountTrouble(names.developer, stored, examined) ?? (await deviceTrouble(stored, examined, fits));
        if (wrong) return wrong;
        fits.unshift(`endpoint ${itemOf(stored, `${bootstrap}ENDPOINT_NAME`)}`);
      }
      if (names.update !== undefined) {
        const wrong = updateIdTrouble(names.update, left(examined.update), fits);
        if (wrong) return wrong;
      }
      return { state: 'ok', says: fits.join(', ') };
    },
  };
}

function accountTrouble(name: string, stored: StoredCertificate, { account }: Examination): Finding | undefined {
  const inUri = /[?&]aid=([^&#\s]+)/.exec(itemOf(stored, `${bootstrap}SERVER_URI`).toString('utf8'))?.[1];
  const places: [where: string, id: string | undefined][] = [
    ["its bootstrap server's URI", inUri],
    ['its account id', itemOf(stored, 'MBED_CLOUD_DEV_ACCOUNT_ID').toString('utf8') || undefined],
    ['its certificate', deviceCertificateOf(stored).subject.organizationalUnit],
    ['the API key', account?.id],
  ];
  const [first, ...others] = places.filter(([, id]) => id !== undefined);
  const differing = others.find(([, id]) => id !== first?.[1]);
  if (!first || !differing) return undefined;
  return {
    state: 'broken',
    says: `'${name}' is of two accounts: ${first[1]} by ${first[0]}, ${differing[1]} by ${differing[0]}.`,
    mend: "Use the API key of the account that the certificate was made in, or make another certificate with '-c'.",
  };
}

/** The device tells what it holds only if it has Mooring's own program, which knows `--json`. */
async function deviceTrouble(
  stored: StoredCertificate,
  { connection, client, signal, names }: Examination,
  fits: string[],
): Promise<Finding | undefined> {
  if (!connection) return undefined;
  const { stdout } = await run(connection, `${provisioningProgram} --get-pelion-status --json`, { signal });
  const said = parseJson(stdout.toString('utf8'))?.value;
  if (!isRecord(said)) return undefined;
  const data = isRecord(said.error) && isRecord(said.error.data) ? said.error.data : said;
  for (const [what, item, held] of [
    ['endpoint name', 'ENDPOINT_NAME', data.endpointName],
    ['bootstrap server', 'SERVER_URI', data.bootstrapServerUri],
  ] as const) {
    const due = itemOf(stored, `${bootstrap}${item}`).toString('utf8');
    if (typeof held !== 'string') continue;
    if (
      item === 'ENDPOINT_NAME' &&
      held !== due &&
      client &&
      (await findDeviceCertificate(client, held).catch(() => undefined))
    ) {
      fits.push(`on the device ${held}, with a key of its own`);
      continue;
    }
    if (held !== due) {
      return {
        state: 'broken',
        says: `The device has the ${what} ${held}, and '${names.developer}' has ${due}.`,
        mend: `To give the device this certificate: ${commandLine(['mbl-cli', 'provision-pelion', names.developer ?? '', names.update ?? 'UPDATE-CERT'])}`,
      };
    }
    fits.push(`${what} as on the device`);
  }
  return undefined;
}

function updateIdTrouble(name: string, stored: StoredCertificate, fits: string[]): Finding | undefined {
  for (const [what, item] of [
    ['vendor', 'arm_uc_vendor_id'],
    ['class', 'arm_uc_class_id'],
  ] as const) {
    const id = itemOf(stored, item);
    if (id.length !== 16 || id.every((byte) => byte === 0)) {
      return {
        state: 'broken',
        says: `The ${what} id of '${name}' is ${id.length === 16 ? 'all zeros' : `${id.length} bytes long and has to have 16`}.`,
        mend: "Make the update resources anew with 'manifest-tool init', and store them with '-p'.",
      };
    }
    fits.push(`${what} ${formatUuid(id)}`);
  }
  return undefined;
}

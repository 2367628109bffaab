import { type Certificate, parseCertificate } from '@mooring/pki';
import { complaint, run, succeeded } from '../ssh/remote-command.ts';
import { type Examination, left } from './examination.ts';
import type { Finding, Rung } from './ladder.ts';

/** Certificates are made and judged by the day; less does no harm. */
const tolerance = 86_400_000;

const text = (time: Date) => time.toISOString().replace('T', ' ').replace(/\..*/, ' UTC');

/** Compares the device's clock with this machine's and with the validity of what it is to be given. */
export function clockRung(examined: Examination): Rung {
  return {
    name: 'clock',
    needs: ['login'],
    async probe(): Promise<Finding> {
      const result = await run(left(examined.connection), 'date +%s', { signal: examined.signal });
      const said = result.stdout.toString('latin1').trim();
      if (!succeeded(result) || !/^-?\d{1,12}$/.test(said)) {
        return {
          state: 'broken',
          says: `The device does not tell its time: ${complaint(result)}.`,
          mend: "Try 'mbl-cli shell date'.",
        };
      }
      const [device, host] = [new Date(Number(said) * 1000), examined.now()];
      const ahead = device.getTime() - host.getTime();
      const mend = `If this machine's clock is right, set that of the device: mbl-cli shell 'date -u -s @${Math.round(host.getTime() / 1000)}'`;
      if (Math.abs(ahead) > tolerance) {
        return {
          state: 'broken',
          says: `The clock of the device says ${text(device)}, that of this machine ${text(host)}.`,
          mend,
        };
      }
      const outside = certificatesOf(examined).find(({ it }) => device < it.notBefore || device > it.notAfter);
      if (outside) {
        const { what, it } = outside;
        return {
          state: 'broken',
          says: `By the clock of the device (${text(device)}) ${what} is not valid: it is from ${text(it.notBefore)} to ${text(it.notAfter)}.`,
          mend: 'If the clock is right, make a new certificate.',
        };
      }
      return { state: 'ok', says: `${text(device)}, ${difference(ahead)}` };
    },
  };
}

function difference(ahead: number): string {
  const seconds = Math.round(Math.abs(ahead) / 1000);
  // Whole seconds are told, and the answer takes its time.
  if (seconds <= 2) return 'as here';
  return `${seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`} ${ahead > 0 ? 'ahead of' : 'behind'} this machine`;
}

const judged: Readonly<Record<string, string>> = {
  MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_CERTIFICATE: 'the developer certificate',
  MBED_CLOUD_DEV_BOOTSTRAP_SERVER_ROOT_CA_CERTIFICATE: "the bootstrap server's CA",
  MBED_CLOUD_DEV_LWM2M_SERVER_ROOT_CA_CERTIFICATE: "the LwM2M server's CA",
  arm_uc_default_certificate: 'the update certificate',
};

/** Those that can be read: what is wrong with others is for their own rung. */
function certificatesOf({ developer, update }: Examination): { what: string; it: Certificate }[] {
  return [...(developer?.items ?? []), ...(update?.items ?? [])].flatMap(({ name, data }) => {
    const what = judged[name];
    if (what === undefined) return [];
    try {
      return [{ what, it: parseCertificate(data) }];
    } catch {
      return [];
    }
  });
}

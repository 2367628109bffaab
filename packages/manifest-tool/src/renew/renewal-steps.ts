import { daysText, utc } from '../validity/remaining.ts';

/** A renewal, as far as it matters to devices. */
export interface Renewal {
  old: { file: string; notAfter: Date; daysLeft: number };
  successor: { file: string; resources: string | undefined };
  sameKey: boolean;
  /** Makes manifests name the successor; undefined outside a project. */
  switchCommand: string | undefined;
}

/** How devices of one kind take the successor. */
export interface DeviceNeed {
  client: string;
  /** Whether it has to hold the successor before it takes manifests that are made with it. */
  needsSuccessor: boolean;
  text: string;
}

/**
 * By what the clients do: the one before FOTA looks a certificate up by the fingerprint in the manifest and never at
 * its dates; FOTA clients take the key out of the one certificate they hold and compare nothing else; ours does what
 * the first does and looks at the dates as well.
 */
export function deviceNeeds({ old, sameKey }: Renewal): DeviceNeed[] {
  const isOver = old.daysLeft < 0;
  return [
    {
      client: 'Pelion client before FOTA (mbed-cloud-client up to 4.7, Mbed Linux OS)',
      needsSuccessor: true,
      text: 'finds a certificate by its fingerprint: refuses a manifest that names the successor until it holds it',
    },
    {
      client: 'FOTA client (mbed-cloud-client from 4.8 on, client-lite)',
      needsSuccessor: !sameKey,
      text: sameKey
        ? 'checks with the key alone, which stays: takes manifests of either certificate, and needs nothing'
        : 'holds one key: refuses what the new key signs until it has the successor, and what the old key signs from then on',
    },
    {
      client: 'Mooring',
      needsSuccessor: true,
      text: `finds a certificate by its fingerprint and looks at its dates: ${
        isOver ? 'takes no update any more' : `takes no update after ${utc(old.notAfter)}`
      } without the successor`,
    },
  ];
}

export interface Step {
  text: string;
  command?: string;
}

/** What has to be done, in this order. */
export function renewalSteps({ old, successor, sameKey, switchCommand }: Renewal): Step[] {
  const { resources } = successor;
  const isOver = old.daysLeft < 0;
  const until = isOver
    ? 'The old certificate has expired already: devices that look at dates take no update that brings the successor, and have to be provisioned by hand.'
    : `Be done before ${utc(old.notAfter)}, in ${daysText(old.daysLeft)}.`;
  const carried = resources ?? successor.file;
  return [
    {
      text: `Give the successor to every device that needs it. ${until} Devices in the field get it in an update: build the firmware with ${carried} in place of what it had, and sign the manifest as before, with the old certificate.`,
    },
    ...(resources === undefined
      ? []
      : [
          {
            text: 'Devices at hand, and new ones, can be provisioned with it:',
            command: `mbl-cli provision-pelion DEV_CERT_NAME NEW_UPDATE_CERT_NAME -p ${resources}`,
          },
        ]),
    {
      text: `When the last device holds it, have manifests name it${sameKey ? '' : ' and signed with its key'}${switchCommand === undefined ? '.' : ':'}`,
      ...(switchCommand === undefined ? {} : { command: switchCommand }),
    },
    {
      text: `Keep ${old.file}${sameKey ? '' : ' and its key'}: a device that was off all the while still needs a manifest for the old one.`,
    },
  ];
}

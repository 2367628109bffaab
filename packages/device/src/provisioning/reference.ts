import { provisioningItems } from '@mooring/credentials';
import { errorFindings, warningFindings } from './findings.ts';
import { clientUnitVariable, utility } from './utility.ts';

const cell = (text: string) => text.replaceAll('|', '\\|');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

/** The page docs/reference/commands/pelion-provisioning-util.md. */
export function reference(): string {
  const { name, summary, actions, options, requestOptions, jsonFlag, exitCodes } = utility;
  return `${[
    `# ${name}`,
    '<!-- Made by `npm run docs`; do not edit. -->',
    summary,
    `    ${name} ACTION [OPTIONS]`,
    'It runs as any user who may write the storage folder and its parent; on a device it is installed as `/opt/arm/pelion-provisioning-util` and started by `mbl-cli`.',
    table(
      ['action, exactly one', 'meaning'],
      actions.map(({ flag, help }) => [`\`${flag}\``, help]),
    ),
    table(
      ['option', 'meaning', 'environment', 'otherwise'],
      [
        ...options.map(({ flag, metavar, help, variable, fallback }) => [
          `\`${flag} ${metavar}\``,
          help,
          `\`${variable}\``,
          fallback.startsWith('/') ? `\`${fallback}\`` : fallback,
        ]),
        ...requestOptions.map(({ flag, metavar, help }) => [`\`${flag} ${metavar}\``, help, '', '']),
        [`\`${jsonFlag.flag}\``, jsonFlag.help, '', ''],
      ],
    ),
    table(['exit status', 'meaning'], Object.entries(exitCodes)),
    '## --provision',
    'All files are read and checked before anything is stored. Then all items are stored in one transaction, as factory items: after a kill or a power cut at any point the device has the old set or the new one.',
    table(
      ['file', 'item', 'type'],
      provisioningItems.map(({ name: item, type, source }) => [
        source ? `\`${source}.bin\`` : 'none: always 1',
        `\`${item}\``,
        type,
      ]),
    ),
    'Each file has the bytes of its item, without line end or terminator; certificates and key are DER. `MBED_CLOUD_DEV_MEMORY_TOTAL_KB.bin` may have 4 bytes (little endian) or the text of a number; it is stored as 4 bytes, and four digits are text.',
    `New credentials clear, in the same transaction, what the earlier service gave the device: the LwM2M server, its certificates and key, \`mbed.InternalEndpoint\`, \`mbed.AccountID\`, \`mbed.FirstToClaim\`, revocation lists and the TLS session. Without that the device would go on talking to the old service. **The very same credentials once more change nothing of it**: a command that is repeated after a lost connection must not cost the device its registration, and with it, in developer mode, its device id. To make it register anew, remove the storage folder first. The time that the device has saved is cleared in both cases, for that is the cure for a wrong one.`,
    'Lines that scripts read stay as they were: `Provisioning device.` and `Provisioning process completed without error.`, or on standard error `File with path PATHcould not be opened`, `There was an error parsing the dev credentials files` (or `Update Credentials files`), `Error status is: TEXT:` with a text of the table below, and `Developer Certificate Provisioning failed.` or `Update Certificate Provisioning failed.` Sentences that say more come after them.',
    `Where \`${clientUnitVariable}\` names a systemd unit, as \`/etc/default/mooring-device\` of the Debian package does, and the unit is installed, a provisioning that succeeded restarts it: \`mbl-cloud-client\` then connects with the new credentials.`,
    '## --make-key',
    'A device can have a private key that nobody else ever had. `--make-key --endpoint-name NAME --account-id ID` makes a P-256 key inside the secure storage, where it waits, and prints a PKCS#10 request for its certificate; with `--json`, `{"csr": PEM, "keyId": HEX}`, of which `keyId` will be the subject key identifier of the certificate. While a key waits it is used again: a command that is repeated after a lost connection, also under another name, gives a request for the same key.',
    `Then \`--provision\` of a folder without \`MBED_CLOUD_DEV_BOOTSTRAP_DEVICE_PRIVATE_KEY.bin\` takes the key that waits, if the certificate in the folder is for it, in the transaction that stores everything else; the same folder once more finds the key in use. If the certificate is for another key nothing is stored (\`provisioning.key.unknown\`). Credentials that bring a private key of their own end the waiting. Until then the device stays as it was: a key that waits changes nothing else.`,
    '## --get-pelion-status',
    'Prints `Querying device status... ` and, if nothing is wrong, `Device is configured correctly. You can connect to Pelion Cloud!` Otherwise the first of these stands on standard error as `TEXT:ITEM`:',
    table(
      ['text', 'number', 'meaning'],
      Object.values(errorFindings).map(({ text, status, meaning }) => [`\`${text}\``, String(status), meaning]),
    ),
    'Warnings do not keep a device from connecting; they follow the result on standard error and are in `--json`:',
    table(
      ['text', 'meaning'],
      Object.values(warningFindings).map(({ text, meaning }) => [`\`${text}\``, meaning]),
    ),
    'Certificates are judged by the best time known, which the result names. The saved time, the last that a server vouched for, is the floor; the system clock counts if it is later than that and than 2017-01-01, for a board without a battery starts in 1970. Where neither is known, the dates are not judged.',
    '## The secure storage',
    'One file, `store`, in a folder of mode 0700, encrypted and authenticated (AES-256-GCM) with keys that are new for each transaction. The key it is derived from lies beside the folder, so that a copy of the folder alone is worth nothing; it does not protect a stolen disk. Nothing is ever made anew for a storage that exists: a key that is missing, wrong, or readable by others is an error that says so. Removing the folder makes the device as it came from the factory.',
  ].join('\n\n')}\n`;
}

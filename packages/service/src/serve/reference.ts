import { configSetting, flagOf, type Setting, settingEntries, variableOf } from './settings-table.ts';

function row(setting: Setting, inFile: boolean): string {
  const key = inFile ? `\`${setting.name}\`` : '–';
  const option = `\`${flagOf(setting)}${setting.metavar ? ` ${setting.metavar.replaceAll('|', '\\|')}` : ''}\``;
  const fallback = setting.defaultText ?? (setting.default === undefined ? 'none' : `\`${setting.default}\``);
  return `| ${key} | ${option} | \`${variableOf(setting)}\` | ${setting.kind === 'flag' ? 'off' : fallback} | ${setting.help.replaceAll('|', '\\|')} |`;
}

/** The page docs/reference/configuration.md, made from the table of settings. */
export function configurationReference(): string {
  return `# Settings of the service

<!-- Made by \`npm run docs\`; do not edit. -->

Every setting of \`mooring serve\` can be given as an option, as an environment variable, or in a TOML file that \`--config\` or
\`MOORING_CONFIG\` names. An option is stronger than a variable, a variable than the file, the file than the default. Relative
paths in the file start from the folder of the file. Switches are \`true\` or \`false\` in the file, \`1\` or \`0\` in a variable. A key
that is no setting is an error, so that a misspelt one is noticed.

The other commands (\`mooring api-key\`, \`account\`, \`ca\`, \`backup\`) find the data folder by the same variables and file.

| key in the file | option | variable | default | meaning |
|---|---|---|---|---|
${[...settingEntries.map(([, setting]) => row(setting, true)), row(configSetting, false)].join('\n')}

## Example

\`\`\`toml
data = "/var/lib/mooring"
http = "0.0.0.0:443"
tls-cert = "/etc/mooring/tls.pem"
tls-key = "/etc/mooring/tls.key"
public-host = "iot.example.com"
\`\`\`

## Variables besides

| variable | meaning |
|---|---|
| \`CREDENTIALS_DIRECTORY\` | set by systemd; a credential \`mooring-master-key\` in it is the master key unless \`master-key\` is set |
| \`MOORING_PKCS11_PIN\` | PIN of the PKCS#11 token, if the URI has no \`pin-source\` |
| \`XDG_DATA_HOME\` | moves the default data folder |
`;
}

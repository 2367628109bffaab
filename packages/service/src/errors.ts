import { errorFamily } from '@mooring/platform';

export const storageErrors = errorFamily({
  'database.newer': 'The data folder was written by a newer Mooring, whose tables this one does not know.',
  'database.damaged': 'The database file is not a database, or SQLite found it damaged.',
  'database.disk.full': 'The disk that holds the data folder is full; what was being done was undone.',
  'database.read.only': 'The database cannot be written: a read-only file system, or files of another user.',
  'database.busy': 'Another program keeps the database locked for writing.',
  'database.failed': 'SQLite failed for another reason, which is given.',
  'database.migration.failed': 'A migration of the database failed and was undone; the data is as before.',
  'database.folder.missing': 'There is no data folder where one was named; "mooring serve" makes one.',
  'database.folder.foreign': 'The folder named for the data holds other things; nothing is mixed in among them.',
  'database.folder.held': 'Another process works with the data folder; only one may.',
});

export const masterKeyErrors = errorFamily({
  'master.key.wrong': 'Something was sealed under another master key than the one that was given.',
  'master.key.damaged': 'A sealed value was changed, cut off, or moved from another place.',
  'master.key.missing': 'The data folder is in use already, and its master key is not where it was looked for.',
  'master.key.exposed': 'The file with the master key can be read by other users of the machine.',
  'master.key.malformed': 'What was found in place of the master key is not one.',
  'master.key.uri.malformed': 'The pkcs11: URI is not of the form of RFC 7512, or lacks a part that is needed.',
  'master.key.tool.missing': 'The program pkcs11-tool of OpenSC, which talks to the token, is not installed.',
  'master.key.token.failed': 'The PKCS#11 token, its module or its PIN was refused.',
});

export const settingsErrors = errorFamily({
  'settings.unknown': 'The settings file has a key that is no setting.',
  'settings.malformed': 'The settings file is not TOML, or a value is not of the kind that its setting takes.',
  'settings.conflict': 'Two settings do not go together.',
  'settings.insecure': 'The service would speak HTTP without TLS on an address that others can reach.',
  'settings.tls.unusable': 'The TLS certificate or its private key cannot be used.',
});

export const serveErrors = errorFamily({
  'serve.port.used': 'Another program listens on the address and port already.',
  'serve.address.unusable': 'The address is not one of this machine, or may not be listened on by this user.',
});

export const adminErrors = errorFamily({
  'admin.unreachable': 'A process holds the data folder, but does not answer on its admin socket.',
  'admin.api.key.unknown': 'No API key has the name or id that was given.',
  'admin.device.certificate.unknown': 'No certificate of a single device has that name, id or fingerprint.',
  'admin.user.unknown': 'No user has the e-mail address or id that was given.',
  'admin.refused': 'The running service is of another version and does not know the request.',
});

export const backupErrors = errorFamily({
  'backup.damaged': 'The backup file is cut off, changed, or not a backup of Mooring.',
  'backup.newer': 'The backup was made by a newer Mooring.',
  'backup.target.used': 'A backup is restored only into a folder that is new or empty.',
  'backup.passphrase.wrong': 'The passphrase does not open the master key in the backup.',
  'backup.passphrase.unusable': 'The file named for the passphrase holds none, or can be read by others.',
  'backup.key.not.inside': 'A passphrase was given, but the backup holds no master key.',
});

export const simulateErrors = errorFamily({
  'simulate.credentials.missing': 'Nothing gives the simulated devices developer credentials to join a service with.',
});

export const payloadCommandErrors = errorFamily({
  'payload.arguments': 'The options of "mooring payload create" do not name a payload that there could be.',
});

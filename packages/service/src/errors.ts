import { errorFamily } from '@mooring/platform';

export const storageErrors = errorFamily({
  'storage.newer': 'The data folder was written by a newer Mooring, whose tables this one does not know.',
  'storage.damaged': 'The database file is not a database, or SQLite found it damaged.',
  'storage.disk.full': 'The disk that holds the data folder is full; what was being done was undone.',
  'storage.read.only': 'The database cannot be written: a read-only file system, or files of another user.',
  'storage.busy': 'Another program keeps the database locked for writing.',
  'storage.failed': 'SQLite failed for another reason, which is given.',
  'storage.migration.failed': 'A migration of the database failed and was undone; the data is as before.',
});

export const masterKeyErrors = errorFamily({
  'master.key.wrong': 'Something was sealed under another master key than the one that was given.',
  'master.key.damaged': 'A sealed value was changed, cut off, or moved from another place.',
});

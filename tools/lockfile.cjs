// Takes the download addresses out of package-lock.json: versions and checksums stay, and any registry serves.
// Run after a change of dependencies (`npm install && node tools/lockfile.cjs`).
'use strict';
var fs = require('fs');
var file = require('path').join(__dirname, '..', 'package-lock.json');
var lock = JSON.parse(fs.readFileSync(file, 'utf8'));
Object.keys(lock.packages).forEach(function (name) {
  if (/^https?:/.test(lock.packages[name].resolved || '')) delete lock.packages[name].resolved;
});
fs.writeFileSync(file, JSON.stringify(lock, null, 2) + '\n');

'use strict';
// The program is in pieces, of which a command loads those that it needs: source, and V8's own form of it where that is of
// this very V8, which V8 checks itself. Otherwise the source is compiled, which takes as long as half a start of Node.
const fs = require('node:fs');
const { Script } = require('node:vm');

const folder = `${__dirname}/SHARED/`;
const places = JSON.parse(fs.readFileSync(`${folder}pieces.json`, 'utf8'));
const pieces = fs.openSync(`${folder}pieces`);
const modules = new Map();
const loaded = new Map();
const scripts = new Map();

function read(name) {
  const { at, source, cache } = places[name];
  const bytes = Buffer.allocUnsafeSlow(source + cache);
  fs.readSync(pieces, bytes, 0, bytes.length, at);
  const cachedData = cache > 0 ? bytes.subarray(source) : undefined;
  const script = new Script(bytes.latin1Slice(0, source), { filename: folder + name, cachedData });
  const found = script.runInThisContext();
  for (const each in found) modules.set(each, found[each]);
  scripts.set(name, script);
}

function load(name) {
  if (!name.startsWith('./')) return require(name);
  const known = loaded.get(name);
  if (known) return known.exports;
  if (!modules.has(name)) read(name);
  const module = { exports: {} };
  loaded.set(name, module);
  modules.get(name)(load, module, module.exports, folder + name, folder);
  return module.exports;
}

if (require.main === module) load('./programs.js').run('NAME');
else module.exports = { ...load('./programs.js'), scripts };

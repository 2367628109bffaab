// Loads programs.js beside it, with V8's own form of the code where that is of this very V8, which V8 checks itself;
// otherwise the source is compiled, which takes as long as half a start of Node.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

exports.load = () => {
  const file = path.join(__dirname, 'programs.js');
  const source = fs.readFileSync(file, 'latin1');
  let cachedData;
  try {
    cachedData = fs.readFileSync(path.join(__dirname, 'programs.cache'));
  } catch {}
  const wrapped = `(function(exports,require,module,__filename,__dirname){${source}\n})`;
  const script = new vm.Script(wrapped, { filename: file, cachedData });
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, require, loaded, file, __dirname);
  return { script, ...loaded.exports };
};
exports.run = (name) => exports.load().run(name);

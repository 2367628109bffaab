// What `npm run …` starts: installs what is missing, then runs a TypeScript file with the pinned Node. Written for
// any Node that a machine may have.
'use strict';
var childProcess = require('child_process');
var crypto = require('crypto');
var fs = require('fs');
var path = require('path');

var root = path.dirname(__dirname);
var stamp = path.join(root, 'node_modules', '.mooring-installed');
var lock = path.join(root, '.install-lock');

function wanted() {
  return crypto
    .createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
}

function isInstalled() {
  try {
    return fs.readFileSync(stamp, 'utf8') === wanted();
  } catch (error) {
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Two first runs at once would remove each other's node_modules: one installs, the other waits. */
function withLock(work) {
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      var holder = 0;
      try {
        holder = parseInt(fs.readFileSync(lock, 'utf8'), 10);
      } catch (gone) {
        continue;
      }
      if (holder > 0 && !isAlive(holder)) fs.rmSync(lock, { force: true });
      else pause(200);
    }
  }
  try {
    work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

function install() {
  if (isInstalled()) return;
  process.stderr.write('Installing the libraries (npm ci), once.\n');
  // Quiet about the machine's own Node being older than what some library asks for: the pinned one runs them.
  var options = { cwd: root, stdio: ['ignore', 2, 'inherit'], env: Object.assign({}, process.env, { NODE_ENV: '' }) };
  var args = ['ci', '--loglevel=error'];
  var npm = process.env.npm_execpath;
  var result =
    npm && /\.[cm]?js$/.test(npm)
      ? childProcess.spawnSync(process.execPath, [npm].concat(args), options)
      : childProcess.spawnSync('npm', args, Object.assign({ shell: process.platform === 'win32' }, options));
  if (result.status !== 0) {
    process.stderr.write('npm ci failed, see above. Mend it (often the network or the disk) and repeat the command.\n');
    process.exit(1);
  }
  fs.writeFileSync(stamp, wanted());
}

if (!isInstalled()) withLock(install);
require('../bin/launch.js')('npm run', process.argv.splice(2, 1)[0], []);

// Plain old JavaScript, since any Node may be the first to read it: the program itself needs Node 24, and where
// the machine's own is older this goes over to the one that is installed with Mooring.
'use strict';
var childProcess = require('child_process');
var fs = require('fs');
var path = require('path');

var root = path.dirname(fs.realpathSync(__dirname));
var needed = 24;

function pinnedNode() {
  var platform = process.platform === 'win32' ? 'win' : process.platform;
  var names = ['node-' + platform + '-' + process.arch, 'node-bin-' + platform + '-' + process.arch];
  for (var i = 0; i < names.length; i++) {
    var file = path.join(root, 'node_modules', names[i], 'bin', platform === 'win' ? 'node.exe' : 'node');
    if (fs.existsSync(file)) return file;
  }
  return null;
}

function isNewEnough() {
  return parseInt(process.versions.node, 10) >= needed;
}

function giveUp(text) {
  process.stderr.write(text + '\n');
  process.exit(1);
}

/** Runs `file` (a path below the checkout) with Node 24, with this process's arguments, input and output. */
module.exports = function launch(program, file, leading) {
  var entry = path.join(root, file);
  if (!fs.existsSync(path.join(root, 'node_modules'))) {
    giveUp(program + ': the libraries are not installed yet. Run "npm ci" in ' + root + ' first.');
  }
  if (isNewEnough() && !leading) {
    process.argv.splice(0, 2, process.execPath, entry);
    require('./import.js')(entry);
    return;
  }
  var node = isNewEnough() ? process.execPath : pinnedNode();
  if (!node) {
    giveUp(
      [program + ': needs Node ' + needed + ' or later and runs on ' + process.version + '.']
        .concat('Run "npm ci" in ' + root + ' to install it there, or put a newer node on the PATH.')
        .join(' ')
    );
  }
  run(node, (leading || []).concat([entry], process.argv.slice(2)));
};

function run(node, args) {
  // Where this Node can, it becomes the other one: no second process, and signals need no passing on.
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    try {
      process.execve(node, [node].concat(args), process.env);
    } catch (error) {
      // Falls through to a child process.
    }
  }
  var child = childProcess.spawn(node, args, { stdio: 'inherit' });
  // Ctrl-C reaches the child by the terminal; this process waits for it and ends as it does.
  process.on('SIGINT', function () {});
  ['SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on('error', function (error) {
    giveUp('Could not start ' + node + ': ' + error.message);
  });
  child.on('exit', function (code, signal) {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else {
      process.exit(code === null ? 1 : code);
    }
  });
}

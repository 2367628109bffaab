'use strict';
// In a file of its own: an old Node cannot even parse import().
var path = require('path');
var url = require('url');

module.exports = function (file) {
  // Halves the start: the types are stripped once. Inside the checkout, and without it where that cannot be written.
  require('module').enableCompileCache(path.join(__dirname, '..', 'node_modules', '.cache', 'mooring'));
  import(url.pathToFileURL(file).href).catch(function (error) {
    var said = String((error && error.stack) || error);
    // After an update of the checkout that brought another library.
    if (error && error.code === 'ERR_MODULE_NOT_FOUND') {
      said = error.message + '\nRun "npm ci" in ' + path.dirname(__dirname) + ' and repeat the command.';
    }
    process.stderr.write(said + '\n');
    process.exit(1);
  });
};

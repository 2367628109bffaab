'use strict';
// In a file of its own: an old Node cannot even parse import().
var path = require('path');
var url = require('url');

module.exports = function (file) {
  // Halves the start: the types are stripped once. Inside the checkout, and without it where that cannot be written.
  require('module').enableCompileCache(path.join(__dirname, '..', 'node_modules', '.cache', 'mooring'));
  import(url.pathToFileURL(file).href).catch(function (error) {
    process.stderr.write(String((error && error.stack) || error) + '\n');
    process.exit(1);
  });
};

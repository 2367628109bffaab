'use strict';
// In a file of its own: an old Node cannot even parse import().
var url = require('url');

module.exports = function (file) {
  import(url.pathToFileURL(file).href).catch(function (error) {
    process.stderr.write(String((error && error.stack) || error) + '\n');
    process.exit(1);
  });
};

import { type PythonPeer, pythonPeer } from '../../../test/peers/python.ts';

/** What their setup.py imports and pip no longer has, and names that Python 3.10 moved. */
const mends = {
  'pip/req.py':
    'class Requirement:\n  def __init__(self, text):\n    self.req = text\n    self.markers = self.link = self.original_link = None\n\ndef parse_requirements(path, session=None):\n  return [Requirement(line.strip()) for line in open(path) if line.strip()]\n',
  'pip/download.py': 'class PipSession: pass\n',
  'sitecustomize.py':
    "import collections, collections.abc\nfor name in ('Iterable', 'Mapping', 'MutableMapping', 'Callable'):\n  setattr(collections, name, getattr(collections.abc, name))\n",
};

const libraries = [
  ...['cryptography==38.0.4', 'pyasn1==0.2.3', 'protobuf<4', 'ecdsa', 'future', 'colorama', 'requests', 'pyparsing'],
  ...['wheel', 'setuptools<60'],
];

/** The real tool of the first line, or why it cannot be had here. */
export const peer1x = (release: '1.4.8' | '1.5.2'): PythonPeer | string =>
  pythonPeer({
    name: `manifest-tool-${release}`,
    sitePackages: mends,
    install: [libraries, ['mbed-cloud-sdk==2.2.0'], ['--no-deps', '--no-build-isolation', `manifest-tool==${release}`]],
  });

import { pythonPeer } from '../../../test/peers/python.ts';

/** The real 1.4.8, or why it cannot be had here. */
export const peer148 = () =>
  pythonPeer({
    name: 'manifest-tool-1.4.8',
    // Its setup.py imports what pip no longer has, and it uses names that Python 3.10 moved.
    sitePackages: {
      'pip/req.py':
        'class Requirement:\n  def __init__(self, text):\n    self.req = text\n    self.markers = self.link = self.original_link = None\n\ndef parse_requirements(path, session=None):\n  return [Requirement(line.strip()) for line in open(path) if line.strip()]\n',
      'pip/download.py': 'class PipSession: pass\n',
      'sitecustomize.py':
        "import collections, collections.abc\nfor name in ('Iterable', 'Mapping', 'MutableMapping', 'Callable'):\n  setattr(collections, name, getattr(collections.abc, name))\n",
    },
    install: [
      [
        'cryptography==38.0.4',
        'pyasn1==0.2.3',
        'protobuf<4',
        'ecdsa',
        'future',
        'colorama',
        'requests',
        'pyparsing',
        'wheel',
      ],
      ['mbed-cloud-sdk==2.2.0'],
      ['--no-deps', '--no-build-isolation', 'manifest-tool==1.4.8'],
    ],
  });

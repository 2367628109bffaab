import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wslAdvice } from '../src/discovery/wsl.ts';
import { world } from './world.ts';

const kernels = {
  debian: 'Linux version 6.12.48+deb13-amd64 (debian-kernel@lists.debian.org)',
  wsl: 'Linux version 5.15.167.4-microsoft-standard-WSL2 (root@build) (gcc)',
  wsl1: 'Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com)',
};

test('where Windows is between this machine and the devices, that is said, and what helps', async (t) => {
  const cases: [name: string, kernel: string, env: string | undefined, mode: string, advice: RegExp | undefined][] = [
    ['plain Linux', kernels.debian, undefined, '', undefined],
    ['WSL2 as it comes', kernels.wsl, undefined, 'nat\n', /networkingMode=mirrored.*'-a ADDRESS'/],
    ['WSL2 too old to tell', kernels.wsl, undefined, '', /networkingMode=mirrored/],
    ['WSL2 with a kernel of one’s own', kernels.debian, 'Debian', 'virtioproxy', /networkingMode=mirrored/],
    ['WSL2, mirrored', kernels.wsl, 'Debian', 'mirrored\n', /^This is WSL2 with mirrored networking.*5353/],
    ['WSL1', kernels.wsl1, undefined, 'wsl1', /networkingMode=mirrored/],
  ];
  for (const [name, kernel, distribution, mode, advice] of cases) {
    await t.test(name, async () => {
      const env = { WSL_DISTRO_NAME: distribution };
      const told = await wslAdvice({ env, kernel: async () => kernel, mode: async () => mode });
      if (advice === undefined) assert.equal(told, undefined);
      else assert.match(told ?? '', advice);
    });
  }
});

test('a search that found nothing there says so', async (t) => {
  const { run } = await world(t);
  const env = { WSL_DISTRO_NAME: 'Debian', PATH: '' };
  const { status, stderr } = await run(['list', '--timeout', '1'], { env });
  assert.equal(status, 255);
  assert.match(stderr, /^No devices found!\n[\s\S]*^This is WSL2 with its network behind Windows/m);
});

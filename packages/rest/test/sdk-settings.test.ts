import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDotenv, sdkSettings } from '../src/client/sdk-settings.ts';

test('the SDKs’ settings: the first that says it counts, from the environment to the home folder', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'sdk-settings-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const cwd = join(home, 'work', 'deep');
  await mkdir(cwd, { recursive: true });
  const settings = async (env: Record<string, string> = {}) => (await sdkSettings({ env, cwd, home })).host;
  const json = (host: string) => JSON.stringify({ host, api_key: 'k' });

  assert.equal(await settings(), undefined);
  await writeFile(join(home, '.mbed_cloud_config.json'), json('home'));
  assert.deepEqual(await settings(), { value: 'home', from: join(home, '.mbed_cloud_config.json') });
  await writeFile(join(cwd, '.mbed_cloud_config.json'), json('here'));
  assert.equal((await settings())?.value, 'here');
  await writeFile(join(home, 'named.json'), json('named'));
  for (const name of [join(home, 'named.json'), '~/named.json', '../../named.json']) {
    assert.equal((await settings({ MBED_CLOUD_SDK_CONFIG: name }))?.value, 'named');
  }
  await writeFile(join(home, 'work', '.env'), 'MBED_CLOUD_SDK_HOST=dotenv\n');
  assert.deepEqual(await settings(), { value: 'dotenv', from: `MBED_CLOUD_SDK_HOST in ${join(home, 'work', '.env')}` });
  assert.equal((await settings({ MBED_CLOUD_SDK_HOST: 'env' }))?.value, 'env');
  assert.equal((await sdkSettings({ env: {}, cwd, home })).apiKey?.value, 'k');

  await writeFile(join(cwd, '.mbed_cloud_config.json'), '{');
  await assert.rejects(settings(), { code: 'rest.config.malformed' });
});

test('.env lines', () => {
  assert.deepEqual(parseDotenv(`# c\nexport A="x y" # z\nB='1'\nC = 2 # 3\n D=\nnot a line\nE=a=b\n`), {
    A: 'x y',
    B: '1',
    C: '2',
    D: '',
    E: 'a=b',
  });
  fc.assert(fc.property(fc.string(), (text) => void parseDotenv(text)));
});

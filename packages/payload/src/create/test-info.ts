import type { AppInput } from './parts.ts';

/** What a test on a device can look at after an update, as create-update-payload writes it for MBL's own tests. */
export interface TestInfo {
  readonly images: readonly { readonly image_name: string; readonly tests: readonly ImageTest[] }[];
}

interface ImageTest {
  readonly test_type: string;
  readonly args: Readonly<Record<string, string | number>>;
}

export interface TestedImage {
  readonly type: string;
  readonly apps?: readonly AppInput[];
  readonly bootloader?: { readonly slot: number; readonly size: number; readonly sha256: string };
}

function testsOf({ type, apps, bootloader }: TestedImage): ImageTest[] {
  if (apps) return apps.map(({ name }) => ({ test_type: 'app_bank_compare', args: { app_name: name } }));
  if (bootloader) {
    const { slot, size, sha256 } = bootloader;
    return [{ test_type: 'partition_sha256', args: { part_name: `WKS_BOOTLOADER${slot}`, size_B: size, sha256 } }];
  }
  if (type.startsWith('BOOT')) return [{ test_type: 'file_compare', args: { path: '/proc/version' } }];
  if (!/^rootfs/i.test(type)) return [];
  return [
    { test_type: 'file_timestamp_compare', args: { path: '/etc/build' } },
    { test_type: 'mounted_bank_compare', args: { mount_point: '/' } },
  ];
}

export const testInfo = (images: readonly TestedImage[]): TestInfo => ({
  images: images.map((image) => ({ image_name: image.type, tests: testsOf(image) })),
});

import type { Certificate } from '@mooring/pki';
import type { CommandContext } from '@mooring/terminal';
import { daysText, remainingOf, utc } from '../validity/remaining.ts';
import { deviceNeeds, type Renewal, renewalSteps } from './renewal-steps.ts';

/** Both certificates and what has to happen on devices, for people. */
export function showRenewal(
  { output, clock }: CommandContext,
  old: Certificate,
  successor: Certificate,
  renewal: Renewal,
): void {
  const now = clock.now();
  const line = (label: string, file: string, one: Certificate, more: string) => {
    const { days } = remainingOf(one, now);
    output.line(`${label.padEnd(16)}${file}${more}`);
    output.line(`${' '.repeat(16)}SHA-256 ${one.fingerprint}`);
    const end = days < 0 ? `expired on ${utc(one.notAfter)}` : `until ${utc(one.notAfter)}, ${daysText(days)}`;
    output.line(`${' '.repeat(16)}${end}`);
  };
  line('Old certificate', renewal.old.file, old, '');
  line('Successor', renewal.successor.file, successor, renewal.sameKey ? ', the same key' : ', A NEW KEY');
  output.line();
  output.line('Manifests go on naming the old certificate, and devices go on taking them. What has to happen now:');
  for (const [index, { text, command: run }] of renewalSteps(renewal).entries()) {
    output.line();
    output.line(`${index + 1}. ${text}`);
    if (run !== undefined) output.line(`     ${run}`);
    if (index > 0) continue;
    for (const need of deviceNeeds(renewal)) output.line(`   - ${need.client}: ${need.text}.`);
  }
}

/**
 * The lines of the protocol that rcp began and scp speaks: `C0644 5 name`, `D0755 0 name`, `E`, `T1700000000 0 … 0`;
 * an answer is a zero byte, or 1 (a complaint) or 2 (the end) with a line of text.
 */
export type Line =
  | { kind: 'file'; mode: number; size: number; name: string }
  | { kind: 'folder'; mode: number; name: string }
  | { kind: 'leave' }
  | { kind: 'times'; modified: number; accessed: number }
  | { kind: 'complaint'; fatal: boolean; text: string };

export class ScpFault extends Error {}

/** @param line without its line feed */
export function decodeLine(line: Uint8Array): Line {
  const text = Buffer.from(line).toString('utf8');
  const rest = text.slice(1);
  switch (text[0]) {
    case '\x01':
    case '\x02':
      return { kind: 'complaint', fatal: text[0] === '\x02', text: rest };
    case 'E':
      if (rest !== '') throw new ScpFault('protocol error: E with something after it');
      return { kind: 'leave' };
    case 'T': {
      const found = /^(\d{1,15}) \d{1,9} (\d{1,15}) \d{1,9}$/.exec(rest);
      if (!found) throw new ScpFault('protocol error: bad time');
      return { kind: 'times', modified: Number(found[1]), accessed: Number(found[2]) };
    }
    case 'C':
    case 'D': {
      const found = /^([0-7]{4}) (\d{1,15}) (.*)$/s.exec(rest);
      if (!found) throw new ScpFault('protocol error: bad mode or size');
      const name = checkedName(found[3] as string);
      const mode = Number.parseInt(found[1] as string, 8) & 0o777;
      return text[0] === 'D' ? { kind: 'folder', mode, name } : { kind: 'file', mode, size: Number(found[2]), name };
    }
    default:
      throw new ScpFault(`protocol error: ${JSON.stringify(text.slice(0, 40))}`);
  }
}

/** A name that is one: the sender does not choose the folder (CVE-2019-6111 and its older brothers). */
function checkedName(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0\n]/.test(name)) {
    throw new ScpFault(`error: unexpected filename: ${name}`);
  }
  return name;
}

export function encodeLine(line: Line): string {
  switch (line.kind) {
    case 'file':
      return `C${modeText(line.mode)} ${line.size} ${line.name}\n`;
    case 'folder':
      return `D${modeText(line.mode)} 0 ${line.name}\n`;
    case 'leave':
      return 'E\n';
    case 'times':
      return `T${line.modified} 0 ${line.accessed} 0\n`;
    case 'complaint':
      return `${line.fatal ? '\x02' : '\x01'}${line.text}\n`;
  }
}

function modeText(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

import * as crypto from 'node:crypto';
import { promisify } from 'node:util';
import type { Domain } from '../storage/context.ts';
import { peopleErrors } from './errors.ts';
import { type PasswordCost, passwordCost } from './password-cost.ts';

/** Node has it from 24.7 on; an older one runs everything but the sign-in. */
function derive(parameters: crypto.Argon2Parameters): Promise<Uint8Array> {
  if (crypto.argon2 === undefined) throw new Error(`passwords need Node 24.7 or later; this is ${process.version}`);
  return promisify(crypto.argon2)('argon2id', parameters);
}

/** Passwords that are worked on at the same time: the threads that they take are those of the file system, too. */
const atOnce = 2;

/** Those that wait; who comes after them is sent away, so that a flood of attempts fills no memory. */
const mostWaiting = 32;

/* `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, base64 without padding: the PHC string format. */
const form = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

/** Compared with where there is no such user, so that both ways take the same time. */
const nobody = (cost: PasswordCost) => phc(cost, Buffer.alloc(16), Buffer.alloc(32));

const phc = ({ memory, passes }: PasswordCost, salt: Uint8Array, hash: Uint8Array): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=1$${base64(salt)}$${base64(hash)}`;

/** Makes and checks what is kept of passwords (RFC 9106). */
export class Passwords {
  readonly #cost: PasswordCost;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(cost: PasswordCost = passwordCost) {
    this.#cost = cost;
  }

  /** What is kept of a password. @throws MooringError `sign.in.throttled` */
  async hash(password: string): Promise<string> {
    const salt = crypto.randomBytes(16);
    return phc(this.#cost, salt, await this.#derive(password, salt, this.#cost, 32));
  }

  /**
   * Whether a password is the one that is kept; and whether it should be kept anew, because it was hashed with another
   * cost than today's. Takes its time with `null`, which no password fits.
   *
   * @throws MooringError `sign.in.throttled` if too many others are being checked
   */
  async check(password: string, kept: string | null): Promise<{ right: boolean; outdated: boolean }> {
    const [, memory, passes, salt = '', hash = ''] = form.exec(kept ?? nobody(this.#cost)) ?? [];
    const cost = { memory: Number(memory), passes: Number(passes) };
    const wanted = Buffer.from(hash, 'base64');
    if (wanted.length === 0) throw new Error('a password hash in the database has an unknown form');
    const given = await this.#derive(password, Buffer.from(salt, 'base64'), cost, wanted.length);
    const right = crypto.timingSafeEqual(given, wanted) && kept !== null;
    return { right, outdated: cost.memory !== this.#cost.memory || cost.passes !== this.#cost.passes };
  }

  async #derive(password: string, nonce: Uint8Array, { memory, passes }: PasswordCost, tagLength: number) {
    await this.#turn();
    try {
      // The same text typed on two keyboards is the same password (NIST SP 800-63B §5.1.1.2).
      const message = Buffer.from(password.normalize('NFKC'), 'utf8');
      return await derive({ message, nonce, parallelism: 1, tagLength, memory, passes });
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running >= atOnce) {
      if (this.#waiting.length >= mostWaiting) {
        throw peopleErrors('sign.in.throttled', {
          message: 'Too many passwords are being checked at this moment.',
          next: 'Try again in a moment.',
          data: { retryAfter: 1 },
        });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
  }
}

const kept = new WeakMap<Domain, Passwords>();

/** One for a service, so that what runs at once is counted together. */
export function passwordsOf(domain: Domain): Passwords {
  let passwords = kept.get(domain);
  if (!passwords) {
    passwords = new Passwords(domain.settings.passwordCost);
    kept.set(domain, passwords);
  }
  return passwords;
}

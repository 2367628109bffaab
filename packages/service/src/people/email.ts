/**
 * The same text for every spelling of one e-mail address. The part before the @ could mean different people by its case
 * (RFC 5321 §2.4); no provider does that, and two users whose addresses differ by case alone would only be mistaken
 * for each other.
 */
export const emailKey = (email: string): string => email.trim().normalize('NFKC').toLowerCase();

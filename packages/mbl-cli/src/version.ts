/** The version of the old tool that this one takes the place of: scripts test it. */
export const version = '2.0.1';

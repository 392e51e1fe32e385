// Words that stay on the screen while the language may change: as text, or as what says them in the language spoken
// when they are read.
export type Words = string | (() => string);

export const say = (words: Words): string => (typeof words === 'string' ? words : words());

// What the user may choose: every choice once, with what it may be and where it is kept. What a device's screen and
// hands need stays in its browser; the rest goes with the user to every browser of this server.
import { strings } from '../strings';

export interface Values {
  theme: 'system' | 'dark' | 'light' | 'contrast';
  textSize: 90 | 100 | 115 | 130 | 150;
  motion: 'system' | 'reduced' | 'full';
  language: 'system' | 'en' | 'de';
  snap: boolean;
  linkStyle: 'curved' | 'straight' | 'stepped';
  wheel: 'auto' | 'zoom' | 'pan';
  minimap: boolean;
  previews: boolean;
  autosave: 'server' | 'browser';
  /** What Ctrl+Up adds to the weight of a word. */
  weightStep: 0.01 | 0.05 | 0.1;
  /** The keys of commands that have others than the table's. */
  shortcuts: Readonly<Record<string, readonly string[]>>;
  /** Node types the palette shows first. */
  favourites: readonly string[];
}

export type SettingId = keyof typeof strings.settings.items;
export type SettingGroup = keyof typeof strings.settings.groups;

export interface Setting {
  id: SettingId;
  group: Exclude<SettingGroup, 'shortcuts'>;
  kept: 'browser' | 'server';
  /** What may be chosen; none for what is on or off. */
  options?: readonly (string | number)[];
}

/** Those with a row in the panel, in its order. */
export const SETTINGS: readonly Setting[] = [
  { id: 'theme', group: 'look', kept: 'browser', options: ['system', 'dark', 'light', 'contrast'] },
  { id: 'textSize', group: 'look', kept: 'browser', options: [90, 100, 115, 130, 150] },
  { id: 'motion', group: 'look', kept: 'browser', options: ['system', 'reduced', 'full'] },
  { id: 'language', group: 'look', kept: 'server', options: ['system', 'en', 'de'] },
  { id: 'wheel', group: 'canvas', kept: 'browser', options: ['auto', 'zoom', 'pan'] },
  { id: 'linkStyle', group: 'canvas', kept: 'server', options: ['curved', 'straight', 'stepped'] },
  { id: 'snap', group: 'canvas', kept: 'server' },
  { id: 'minimap', group: 'canvas', kept: 'browser' },
  { id: 'weightStep', group: 'canvas', kept: 'server', options: [0.01, 0.05, 0.1] },
  { id: 'previews', group: 'runs', kept: 'browser' },
  { id: 'autosave', group: 'runs', kept: 'server', options: ['server', 'browser'] },
];

export const DEFAULTS: Values = {
  theme: 'system',
  textSize: 100,
  motion: 'system',
  language: 'system',
  snap: true,
  linkStyle: 'curved',
  wheel: 'auto',
  minimap: false,
  previews: true,
  autosave: 'server',
  weightStep: 0.05,
  shortcuts: {},
  favourites: [],
};

/** Kept on the server beside those with a row that say so. */
const ALSO_KEPT: readonly (keyof Values)[] = ['shortcuts', 'favourites'];

export const ON_SERVER: readonly (keyof Values)[] = [
  ...SETTINGS.filter(({ kept }) => kept === 'server').map(({ id }) => id),
  ...ALSO_KEPT,
];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isWords = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((word) => typeof word === 'string');

function isSound(id: keyof Values, value: unknown): boolean {
  if (id === 'shortcuts') return isRecord(value) && Object.values(value).every(isWords);
  if (id === 'favourites') return isWords(value);
  const options = SETTINGS.find((setting) => setting.id === id)?.options;
  return options ? options.includes(value as string | number) : typeof value === 'boolean';
}

/** What is kept somewhere, as far as it makes sense here: another version may have written it. */
export function readValues(kept: unknown): Partial<Values> {
  if (!isRecord(kept)) return {};
  const ids = Object.keys(DEFAULTS) as (keyof Values)[];
  return Object.fromEntries(ids.filter((id) => id in kept && isSound(id, kept[id])).map((id) => [id, kept[id]])) as Partial<Values>;
}

/** Those that are other than the default, of these ids. */
export function differing(values: Values, ids: readonly (keyof Values)[]): Partial<Values> {
  const other = ids.filter((id) => JSON.stringify(values[id]) !== JSON.stringify(DEFAULTS[id]));
  return Object.fromEntries(other.map((id) => [id, values[id]])) as Partial<Values>;
}

/** The rows a search means: each word in the name, the help, the group or an option. */
export function findSettings(text: string): readonly Setting[] {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  return SETTINGS.filter((setting) => {
    const { label, help, options } = strings.settings.items[setting.id] as { label: string; help: string; options?: Record<string, string> };
    const said = [label, help, strings.settings.groups[setting.group], ...Object.values({ ...options })].join(' ').toLowerCase();
    return wanted.every((word) => said.includes(word));
  });
}

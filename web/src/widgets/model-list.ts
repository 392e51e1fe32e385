// The models of a folder as the picker lists them: what fits first, of that the favourites, then those used last. Pure.
import type { ModelInfo } from '../api/client';
import { strings } from '../strings';
import { fileOption, type Option } from './options';

export interface Shelf {
  /** The families that are asked for; null when any will do. */
  families: ReadonlySet<string> | null;
  /** Those that each file is for, where that is known. */
  familiesOf: Readonly<Record<string, readonly string[]>>;
  favourites: ReadonlySet<string>;
  /** Names, the one used last first. */
  recent: readonly string[];
}

export interface ModelOption extends Option {
  info: ModelInfo | null;
  fits: boolean;
  favourite: boolean;
}

/** The family a model is for; '' when its file does not say. */
export const familyOf = (info: ModelInfo | null | undefined): string => info?.family || info?.base || '';

/** A family as people call it. */
export const familyTitle = (family: string): string => (strings.models.families as Readonly<Record<string, string>>)[family] ?? family;

/** Whether a model that is for some families can be used with one of these, as far as anyone knows. */
export function modelFits(info: ModelInfo | null, own: readonly string[] | undefined, families: Shelf['families']): boolean {
  if (info?.problem) return false;
  const said = own ?? [familyOf(info)].filter(Boolean);
  return !families || said.length === 0 || said.some((family) => families.has(family));
}

export function listModels(names: readonly string[], infos: ReadonlyMap<string, ModelInfo>, shelf: Shelf): ModelOption[] {
  const options = names.map((name): ModelOption => {
    const info = infos.get(name) ?? null;
    const words = [info?.what, familyOf(info), ...(info?.triggers ?? []), info?.metadata?.['modelspec.title']].filter(Boolean).join(' ');
    return { ...fileOption(name), words, info, fits: modelFits(info, shelf.familiesOf[name], shelf.families), favourite: shelf.favourites.has(name) };
  });
  const rank = ({ value, info, fits, favourite }: ModelOption): number => {
    const used = shelf.recent.indexOf(String(value));
    return (info?.problem ? 4_000 : fits ? 0 : 2_000) + (favourite ? 0 : 1_000) + (used < 0 ? 999 : used);
  };
  // Stable: what ranks alike stays in the order of the folder.
  return options.sort((a, b) => rank(a) - rank(b));
}

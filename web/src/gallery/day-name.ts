// A day as people call it. Days are counted since 1970 by the reader's own clock.
import { locale } from '../languages/spoken.svelte';
import { strings } from '../strings';

const A_DAY = 86_400_000;

/** How many days since 1970 a moment is in, by the clock here. */
export const dayOf = (moment: Date): number => Math.floor((moment.getTime() - moment.getTimezoneOffset() * 60_000) / A_DAY);

export function dayName(day: number, now = new Date()): string {
  const today = dayOf(now);
  if (day === today) return strings.gallery.today;
  if (day === today - 1) return strings.gallery.yesterday;
  const date = new Date(day * A_DAY);
  const year = date.getUTCFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return date.toLocaleDateString(locale(), { timeZone: 'UTC', weekday: 'long', day: 'numeric', month: 'long', ...year });
}

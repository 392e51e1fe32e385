// Durations: as short as they can be and still tell two runs apart.
import { number } from './languages/spoken.svelte';
import { strings } from './strings';

const words = strings.time;

export function duration(seconds: number): string {
  if (seconds < 0.0095) return words.milliseconds(number(seconds * 1000, seconds < 0.001 ? 1 : 0));
  if (seconds < 9.95) return words.seconds(number(seconds, seconds < 1 ? 2 : 1));
  const whole = Math.round(seconds);
  if (seconds < 59.5) return words.seconds(String(whole));
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? words.minutes(minutes, whole % 60) : words.hours(Math.floor(minutes / 60), minutes % 60);
}

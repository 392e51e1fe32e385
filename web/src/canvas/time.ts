// Durations as a node's chip says them: as short as they can be and still tell two runs apart.
export function inWords(seconds: number): string {
  if (seconds < 0.0095) return `${(seconds * 1000).toFixed(seconds < 0.001 ? 1 : 0)} ms`;
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

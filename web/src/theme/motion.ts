// Whether the page keeps still: by the user's choice, else by what the system asks for.
export function isStill(): boolean {
  if (typeof document === 'undefined') return true;
  const { motion } = document.documentElement.dataset;
  if (motion === 'reduced' || motion === 'full') return motion === 'reduced';
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

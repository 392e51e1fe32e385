// The user's choices of how the page looks, put where the style sheets and the canvas read them.
import { learn, ofBrowser } from '../languages/languages';
import type { Values } from './settings';

type Theme = Exclude<Values['theme'], 'system'>;

const LIGHT = '(prefers-color-scheme: light)';
const CONTRAST = '(prefers-contrast: more)';

function ofSystem(): Theme {
  if (matchMedia(CONTRAST).matches) return 'contrast';
  return matchMedia(LIGHT).matches ? 'light' : 'dark';
}

/** The colour the browser gives its own bars. */
const BAR: Readonly<Record<Theme, string>> = { dark: '#15171c', light: '#f4f5f7', contrast: '#000000' };

export function showTheme(theme: Values['theme']): void {
  const shown = theme === 'system' ? ofSystem() : theme;
  const { dataset } = document.documentElement;
  if (dataset['theme'] !== shown) dataset['theme'] = shown;
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', BAR[shown]);
  document.querySelector('meta[name="color-scheme"]')?.setAttribute('content', shown === 'light' ? 'light' : 'dark');
}

/** Follows the choices for as long as the component lives that calls it. */
export function followAppearance(values: () => Values): void {
  $effect.pre(() => showTheme(values().theme));
  $effect(() => {
    const { theme } = values();
    if (theme !== 'system') return;
    const again = (): void => showTheme(theme);
    const queries = [matchMedia(LIGHT), matchMedia(CONTRAST)];
    for (const query of queries) query.addEventListener('change', again);
    return () => {
      for (const query of queries) query.removeEventListener('change', again);
    };
  });
  $effect.pre(() => {
    const { motion, textSize } = values();
    document.documentElement.dataset['motion'] = motion;
    document.documentElement.style.setProperty('--text-scale', String(textSize / 100));
  });
  $effect(() => {
    const { language } = values();
    void learn(language === 'system' ? ofBrowser(navigator.languages) : language);
  });
}

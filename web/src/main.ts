import { mount } from 'svelte';

import './theme/theme.css';

import App from './App.svelte';
import { learn, ofBrowser } from './languages/languages';
import { showTheme } from './shell/appearance.svelte';
import { Settings } from './shell/settings.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no element with the id "app"');

const settings = new Settings();
const { theme, language } = settings.values;
showTheme(theme);
// Before anything is drawn, so that no word is seen in another language first.
await learn(language === 'system' ? ofBrowser(navigator.languages) : language);

export default mount(App, { target, props: { settings } });

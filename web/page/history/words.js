/** words.js - the words of time travel, taken up into the page's table when they are needed. */

import { language, learn } from '../strings.js';
import en from '../words/en-history.js';

/** How to get those of the other languages. */
export const OTHERS = {
    de: () => import('../words/de-history.js'),
};

learn(en);
if (language in OTHERS)
    learn(await OTHERS[language]().then(({ default: words }) => words, () => en));

import de from "./translations/de.json";
import en from "./translations/en.json";
import es from "./translations/es.json";
import fr from "./translations/fr.json";
import it from "./translations/it.json";
import nl from "./translations/nl.json";

/** All words that people read. Another language is another file with the same keys. */
type Words = typeof en;
export type Key = keyof Words;
type Values = Record<string, string | number>;

export const LANGUAGES: Record<string, Partial<Words>> = { de, en, es, fr, it, nl };

type PluralKey = { [K in Key]: K extends `${infer Stem}.other` ? Stem : never }[Key];

export interface Localize {
  (key: Key, values?: Values): string;
  /** The form of a phrase that goes with a number. */
  plural(stem: PluralKey, count: number): string;
}

const isRightToLeft = (language: string): boolean => /^(ar|fa|he|ur)\b/.test(language);

const known = new Map<string, Localize>();

export const localizeFor = (language: string): Localize => {
  const found = known.get(language);
  if (found) return found;
  const own = LANGUAGES[language] ?? LANGUAGES[language.split("-")[0] ?? "en"];
  // A name in another direction must not turn the sentence around it.
  const isolate = isRightToLeft(language) ? (value: string) => `\u2068${value}\u2069` : (value: string) => value;
  const rules = new Intl.PluralRules(own ? language : "en");
  const number = new Intl.NumberFormat(language);
  const word = (key: Key, values?: Values): string =>
    (own?.[key] ?? en[key]).replace(/\{(\w+)\}/g, (whole, name: string) => isolate(String(values?.[name] ?? whole)));
  const localize: Localize = Object.assign(word, {
    plural: (stem: PluralKey, count: number): string => {
      const form = `${stem}.${rules.select(count)}`;
      return word((form in en ? form : `${stem}.other`) as Key, { count: number.format(count) });
    },
  });
  known.set(language, localize);
  return localize;
};

/** A label; one that an event gave is the kind of that event. */
export const labelName = (localize: Localize, label: string): string =>
  `kind.${label}` in en ? kindName(localize, label) : label;

/** Why a clip was not deleted. */
export const sparedReason = (localize: Localize, reason: string): string => {
  const key = `spared.${reason}`;
  return key in en ? localize(key as Key) : reason;
};

/** The word for a kind of event; a kind that is not known here is shown as the cloud calls it. */
export const kindName = (localize: Localize, kind: string): string => {
  const key = `kind.${kind}`;
  return key in en ? localize(key as Key) : kind.replaceAll("_", " ");
};

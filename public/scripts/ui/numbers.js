/** Numbers and times in words. */

import { language, LANGUAGES } from "../state/language.js";

const ENDINGS = { zero: "th", one: "st", two: "nd", few: "rd", many: "th", other: "th" };
const ordinalRules = new Intl.PluralRules("en", { type: "ordinal" });

/**
 * @param {number} n
 * @returns {string} "1st", "2nd", "3rd", "11th"…
 */
export function ordinal(n) {
  if (language.value !== "en") return String(n);
  return `${n}${ENDINGS[ordinalRules.select(n)]}`;
}

/**
 * @param {number} seconds
 * @param {number} [digits]  after the point, below one minute
 * @returns {string} "8.1 s", "1 min 12 s", "17 h 25 min"
 */
export function describeSeconds(seconds, digits = 0) {
  const [second, minute, hour] = language.value === "zh" ? ["秒", "分", "小时"] : language.value === "ja" ? ["秒", "分", "時間"] : ["s", "min", "h"];
  if (Number(seconds.toFixed(digits)) < 60) return `${seconds.toFixed(digits)} ${second}`;
  const whole = Math.round(seconds);
  if (whole >= 3600) return `${Math.floor(whole / 3600)} ${hour} ${Math.floor((whole % 3600) / 60)} ${minute}`;
  return `${Math.floor(whole / 60)} ${minute} ${whole % 60} ${second}`;
}

/**
 * @param {number} milliseconds  since 1970
 * @returns {string} in the reader's own way
 */
export function describeTime(milliseconds) {
  return new Date(milliseconds).toLocaleString(language.value === "en" ? undefined : LANGUAGES[language.value].tag, {
    dateStyle: "medium",
    timeStyle: "short",
  });
}

/**
 * @param {number} milliseconds  since 1970
 * @returns {string} "Sunday 29 November 2026", in the reader's own way
 */
export function describeDay(milliseconds) {
  return new Date(milliseconds).toLocaleDateString(language.value === "zh" ? "zh-CN" : undefined, { dateStyle: "full" });
}

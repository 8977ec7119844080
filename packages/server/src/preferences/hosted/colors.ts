/**
 * A tenant's colour on our page: whatever it is, it is moved towards black or white until what is drawn in it can be
 * read. Contrast as in https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
 */
export interface Accent {
  /** On white, and under the text `on_light`. */
  light: string;
  on_light: string;
  /** On the dark page, and under the text `on_dark`. */
  dark: string;
  on_dark: string;
}

type Rgb = readonly [red: number, green: number, blue: number];

export const LIGHT_PAGE = "#ffffff";
export const DARK_PAGE = "#1b1d22";
const DEFAULT_ACCENT = "#2457d6";
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
/** For text: WCAG 2.2 AA, 1.4.3. */
export const READABLE = 4.5;
const STEPS = 40;

/** `color`: `#rrggbb`; anything else stands for our own. */
export function accentOf(color: string | null): Accent {
  const wanted = parseColor(color ?? "") ?? parseColor(DEFAULT_ACCENT) ?? BLACK;
  const light = moved(wanted, BLACK, WHITE);
  const dark = moved(wanted, WHITE, parseColor(DARK_PAGE) ?? BLACK);
  return {
    light: format(light),
    on_light: format(textOn(light)),
    dark: format(dark),
    on_dark: format(textOn(dark)),
  };
}

/** The first step from `color` towards `end` that is readable on `page`. */
function moved(color: Rgb, end: Rgb, page: Rgb): Rgb {
  for (let step = 0; step < STEPS; step++) {
    const mixed = mix(color, end, step / STEPS);
    if (ratio(mixed, page) >= READABLE) return mixed;
  }
  return end;
}

function textOn(color: Rgb): Rgb {
  return ratio(color, WHITE) >= ratio(color, BLACK) ? WHITE : BLACK;
}

function mix(color: Rgb, end: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) => Math.round(color[index] + (end[index] - color[index]) * share);
  return [part(0), part(1), part(2)];
}

/** Of two colours written as `#rrggbb`, from 1 to 21. */
export function contrast(one: string, other: string): number {
  return ratio(parseColor(one) ?? BLACK, parseColor(other) ?? BLACK);
}

function ratio(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance([red, green, blue]: Rgb): number {
  const linear = (value: number) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function parseColor(text: string): Rgb | null {
  const [, red = "", green = "", blue = ""] = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(text) ?? [];
  return red === ""
    ? null
    : [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
}

function format(color: Rgb): string {
  return `#${color.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

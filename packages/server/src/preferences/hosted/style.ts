import { type Accent, DARK_PAGE, LIGHT_PAGE } from "./colors.ts";

/** The page's look, light and dark. Logical properties alone: it is the same from right to left. */
export function styleOf({ light, on_light, dark, on_dark }: Accent): string {
  return `
:root{color-scheme:light dark;--page:light-dark(#f4f5f7,#121317);--card:light-dark(${LIGHT_PAGE},${DARK_PAGE});
--text:light-dark(#16181d,#f0f1f4);--soft:light-dark(#545a66,#a9afbb);--line:light-dark(#d5d8de,#363a43);
--track:light-dark(#767c88,#7d8490);--accent:light-dark(${light},${dark});--on-accent:light-dark(${on_light},${on_dark})}
*{box-sizing:border-box}
html{scroll-padding-block:1rem 5rem}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
.page{max-inline-size:42rem;margin-inline:auto;padding:2rem 1rem 6rem}
.brand{display:flex;align-items:center;gap:.75rem;color:var(--soft);font-weight:600;margin-block-end:1.5rem}
.brand img{max-block-size:2.5rem;max-inline-size:10rem;object-fit:contain}
h1{font-size:1.625rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1rem;margin:2rem 0 .25rem}
h3{font-size:1rem;line-height:1.4;margin:0}
p{margin:.25rem 0}
.soft{color:var(--soft);font-size:.9375rem}
.list{background:var(--card);border:1px solid var(--line);border-radius:.75rem;margin:.75rem 0 0;padding:0;list-style:none}
.list>li{padding:1rem}
.list>li+li{border-block-start:1px solid var(--line)}
.row{display:flex;align-items:flex-start;gap:1rem;justify-content:space-between}
.row>div{min-inline-size:0}
button,select,input{font:inherit;color:inherit}
button{cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.switch{display:inline-flex;align-items:center;gap:.5rem;flex:none;background:none;border:0;padding:.25rem 0;min-block-size:2rem}
.switch .state{font-size:.875rem;color:var(--soft)}
.track{display:block;inline-size:2.75rem;block-size:1.5rem;border-radius:1rem;background:var(--track);position:relative}
.track::after{content:"";position:absolute;inset-block-start:.1875rem;inset-inline-start:.1875rem;inline-size:1.125rem;block-size:1.125rem;border-radius:50%;background:var(--card)}
[aria-checked=true] .track{background:var(--accent)}
[aria-checked=true] .track::after{inset-inline-start:1.4375rem;background:var(--on-accent)}
.fixed{display:inline-flex;align-items:center;gap:.375rem;flex:none;color:var(--soft);font-size:.875rem;min-block-size:2rem}
.fixed svg{inline-size:1rem;block-size:1rem}
fieldset{border:0;margin:.75rem 0 0;padding:0;min-inline-size:0}
legend{padding:0;font-size:.875rem;color:var(--soft)}
.chips{display:flex;flex-wrap:wrap;gap:.5rem;margin-block-start:.5rem}
.chip{display:inline-flex;align-items:center;gap:.375rem;min-block-size:2rem;padding:.125rem .75rem;border:1px solid var(--track);border-radius:1rem;background:var(--card);font-size:.875rem;text-align:start}
.chip[aria-pressed=true]{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
.chip.fixed{border-style:dashed;min-block-size:2rem}
.said{position:sticky;inset-block-end:1rem;display:flex;align-items:center;justify-content:space-between;gap:1rem;margin-block-start:1.5rem;padding:.75rem 1rem;border-radius:.75rem;background:var(--text);color:var(--card)}
.said:empty{display:none}
.said button{background:none;border:1px solid currentColor;border-radius:.5rem;color:inherit;padding:.25rem .75rem;min-block-size:2rem}
.said :focus-visible{outline-color:currentColor}
.tools{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin-block-start:1.5rem}
.tools label{display:block;font-size:.875rem;color:var(--soft)}
.tools div{flex:1 1 12rem;min-inline-size:0}
input,select{inline-size:100%;min-block-size:2.5rem;padding:.375rem .75rem;border:1px solid var(--track);border-radius:.5rem;background:var(--card)}
.go{min-block-size:2.5rem;padding:.375rem 1rem;border:1px solid var(--accent);border-radius:.5rem;background:var(--accent);color:var(--on-accent)}
[hidden]{display:none!important}
@media (forced-colors:active){.track{border:1px solid}.track::after{background:ButtonText}[aria-checked=true] .track,[aria-pressed=true]{background:Highlight;color:HighlightText;forced-color-adjust:none}}
@media (prefers-reduced-motion:no-preference){.track::after,.track{transition:inset-inline-start .12s,background .12s}}
`.trim();
}

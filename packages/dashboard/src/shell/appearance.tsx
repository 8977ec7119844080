import { Menu, MenuItem, MenuSection } from "react-aria-components";
import { Header } from "react-aria-components";
import { t } from "../messages/en.ts";
import { changeSettings, type Settings, useSettings } from "./settings.ts";

const CHOICES = {
  theme: ["system", "light", "dark"],
  density: ["comfortable", "compact"],
  zone: ["mine", "utc"],
} as const satisfies { [Name in keyof Settings]?: readonly Settings[Name][] };

/** How this browser shows the dashboard. */
export function Appearance() {
  const settings = useSettings();
  return (
    <Menu className="menu" aria-label={t.shell.appearance} shouldFocusWrap>
      {(Object.keys(CHOICES) as (keyof typeof CHOICES)[]).map((name) => (
        <MenuSection
          key={name}
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[`${name} ${settings[name]}`]}
          onSelectionChange={(keys) => {
            const [chosen] = keys === "all" ? [] : [...keys];
            if (chosen !== undefined) changeSettings({ [name]: String(chosen).split(" ")[1] });
          }}
        >
          <Header className="menu-heading">{t.appearance[name]}</Header>
          {CHOICES[name].map((choice) => (
            <MenuItem key={choice} id={`${name} ${choice}`} className="menu-item">
              {t.appearance[choice]}
            </MenuItem>
          ))}
        </MenuSection>
      ))}
    </Menu>
  );
}

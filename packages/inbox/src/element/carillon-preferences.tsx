import type { ReactNode } from "react";
import type { Look } from "../ui/look.tsx";
import { CarillonElement } from "./carillon-element.tsx";
import { Preferences } from "./lazy-preferences.tsx";

/** `<carillon-preferences host public-key distinct-id>`: the preference centre. */
export class CarillonPreferences extends CarillonElement {
  protected override draw(look: Look): ReactNode {
    return <Preferences {...look} />;
  }
}

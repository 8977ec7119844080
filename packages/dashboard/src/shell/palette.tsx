import { useRouter } from "@tanstack/react-router";
import { FileText, type LucideIcon, Search, SquareArrowOutUpRight, SunMoon, Workflow } from "lucide-react";
import { useState } from "react";
import {
  Autocomplete,
  Dialog,
  Input,
  Menu,
  MenuItem,
  Modal,
  ModalOverlay,
  TextField,
  useFilter,
} from "react-aria-components";
import { useAccess, useApiQuery } from "../api/hooks.ts";
import { t } from "../messages/en.ts";
import { paths } from "../routes/paths.ts";
import { useKeyList } from "./keys.tsx";
import { changeSettings, getSettings } from "./settings.ts";

interface Item {
  id: string;
  name: string;
  end: string;
  icon: LucideIcon;
  run: () => void;
}

/** Everything by name: sections, workflows, templates, what the keys do; and anything by its id. */
export default function Palette({ onClose }: { onClose: () => void }) {
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal">
        <Dialog aria-label={t.palette.title}>
          <Choices onClose={onClose} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Choices({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const { workspace } = useAccess();
  const to = paths(workspace);
  const [text, setText] = useState("");
  const { contains } = useFilter({ sensitivity: "base" });
  const list = { query: { limit: "200" } } as const;
  const workflows = useApiQuery("GET /v1/:workspace/workflow/", list);
  const templates = useApiQuery("GET /v2/:workspace/template/", list);
  const keys = useKeyList();
  const go = (path: string) => () => router.history.push(path);
  const items: Item[] = [
    ...keys
      .filter(({ group }) => group === "go")
      .map(({ keys, label, run }) => ({
        id: `go ${keys}`,
        name: label,
        end: keys,
        icon: SquareArrowOutUpRight,
        run,
      })),
    ...(workflows.data?.results ?? []).map(({ slug, name }) => ({
      id: `workflow ${slug}`,
      name: name || slug,
      end: slug,
      icon: Workflow,
      run: go(to.workflow(slug)),
    })),
    ...(templates.data?.results ?? []).map(({ slug, name }) => ({
      id: `template ${slug}`,
      name: name || slug,
      end: slug,
      icon: FileText,
      run: go(to.template(slug)),
    })),
    {
      id: "theme",
      name: t.palette.theme,
      end: "",
      icon: SunMoon,
      run: () => changeSettings({ theme: getSettings().theme === "dark" ? "light" : "dark" }),
    },
  ];
  const wanted = text.trim();
  const found = wanted === "" ? items : items.filter(({ name, end }) => contains(`${name} ${end}`, wanted));
  // Whatever was pasted may be an id, an address or a key.
  const shown =
    wanted === ""
      ? found
      : [
          ...found,
          { id: "find", name: t.palette.find(wanted), end: "", icon: Search, run: go(to.find(wanted)) },
        ];
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <div className="palette">
        <TextField
          className="palette-input"
          aria-label={t.palette.title}
          // The palette is opened to be typed into.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
        >
          <Search aria-hidden />
          <Input placeholder={t.palette.placeholder} spellCheck="false" autoComplete="off" />
        </TextField>
        <Menu
          className="menu"
          aria-label={t.palette.title}
          items={shown}
          onAction={(id) => {
            onClose();
            shown.find((item) => item.id === id)?.run();
          }}
        >
          {(item) => (
            <MenuItem className="menu-item" textValue={item.name}>
              <item.icon aria-hidden />
              <span className="one-line">{item.name}</span>
              <span className="menu-end one-line">{item.end === item.name ? "" : item.end}</span>
            </MenuItem>
          )}
        </Menu>
      </div>
    </Autocomplete>
  );
}

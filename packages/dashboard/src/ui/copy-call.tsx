import { Terminal } from "lucide-react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { type LooseCall, requestOf, type Route } from "../api/client.ts";
import { useAccess } from "../api/hooks.ts";
import { t } from "../messages/en.ts";
import { copyText } from "./code.tsx";

/** The request of an action, to be copied: as curl, and as a call of the SDK. */
export function CopyCall({ route, call, sdk }: { route: Route; call: LooseCall; sdk: string }) {
  const access = useAccess();
  return (
    <MenuTrigger>
      <Button className="button icon quiet" aria-label={t.common.copyAs}>
        <Terminal aria-hidden />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label={t.common.copyAs}
          onAction={(as) => {
            const { workspace } = access;
            void copyText(as === "curl" ? curlOf(route, workspace, call) : sdkOf(workspace, sdk));
          }}
        >
          <MenuItem id="curl" className="menu-item">
            {t.common.asCurl}
          </MenuItem>
          <MenuItem id="sdk" className="menu-item">
            {t.common.asSdk}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** The token stays with its owner: the command names a variable for it. */
export function curlOf(route: Route, workspace: string, call: LooseCall): string {
  const { method, path, headers, body } = requestOf(route, { token: null, workspace }, call);
  const lines = [`curl -X ${method} ${shellWord(location.origin + path)}`];
  lines.push(`-H "Authorization: ServiceToken $CARILLON_TOKEN"`);
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${shellWord(`${name}: ${value}`)}`);
  if (body !== undefined) lines.push(`-d ${shellWord(JSON.stringify(body))}`);
  return lines.join(" \\\n  ");
}

export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function sdkOf(workspace: string, call: string): string {
  return [
    'import { createCarillon } from "@carillon/sdk";',
    "",
    `const carillon = createCarillon({ url: ${JSON.stringify(location.origin)}, workspace: ${JSON.stringify(workspace)}, serviceToken: process.env.CARILLON_TOKEN });`,
    call,
  ].join("\n");
}

import { Button, Dialog, Heading, Modal, ModalOverlay, Switch } from "react-aria-components";
import { t } from "../messages/en.ts";
import { type Key, useKeyList } from "./keys.tsx";
import { changeSettings, useSettings } from "./settings.ts";

const GROUPS: readonly Key["group"][] = ["app", "go", "move", "act"];

export default function KeySheet({ onClose }: { onClose: () => void }) {
  const keys = useKeyList();
  const { singleKeys } = useSettings();
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal wide">
        <Dialog className="dialog">
          <Heading slot="title">{t.keys.title}</Heading>
          {GROUPS.map((group) => {
            const list = keys.filter((key) => key.group === group);
            return list.length === 0 ? null : (
              <section key={group} className="stack tight">
                <h3>{t.keys.group[group]}</h3>
                <div className="keys-grid">
                  {list.map(({ keys, label }) => (
                    <div key={keys}>
                      <span>{label}</span>
                      <span>
                        {keys.split(" ").map((one) => (
                          <kbd key={one}>{one.replace("mod+", "⌘/Ctrl ")}</kbd>
                        ))}
                      </span>
                    </div>
                  ))}
                </div>
              </section>
            );
          })}
          <Switch
            className="switch"
            isSelected={singleKeys}
            onChange={(singleKeys) => changeSettings({ singleKeys })}
          >
            <span className="switch-track" />
            {t.keys.single}
          </Switch>
          <div className="dialog-actions">
            <Button className="button" onPress={onClose}>
              {t.common.close}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

import type { ReactNode } from "react";
import {
  Button,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select,
  SelectValue,
  Text,
  TextArea,
  TextField,
  type TextFieldProps,
} from "react-aria-components";
import { ChevronDown } from "lucide-react";

export function Field({
  label,
  help,
  lines,
  placeholder = "",
  ...props
}: TextFieldProps & { label: string; help?: ReactNode; lines?: number; placeholder?: string }) {
  return (
    <TextField className="field" {...props}>
      <Label>{label}</Label>
      {lines === undefined ? (
        <Input className="input" placeholder={placeholder} />
      ) : (
        <TextArea className="input" rows={lines} spellCheck="false" placeholder={placeholder} />
      )}
      {help === undefined ? null : (
        <Text slot="description" className="field-help">
          {help}
        </Text>
      )}
      <FieldError className="field-error" />
    </TextField>
  );
}

export function Choice({
  label,
  value,
  onChange,
  choices,
  isRequired = false,
}: {
  label: string;
  value: string | null;
  onChange: (value: string) => void;
  choices: readonly { id: string; name: string }[];
  isRequired?: boolean;
}) {
  return (
    <Select
      className="field"
      isRequired={isRequired}
      selectedKey={value}
      onSelectionChange={(key) => onChange(String(key))}
    >
      <Label>{label}</Label>
      <Button className="button choice">
        <SelectValue className="one-line" />
        <ChevronDown aria-hidden />
      </Button>
      <FieldError className="field-error" />
      <Popover className="popover">
        <ListBox className="menu" items={choices}>
          {({ id, name }) => (
            <ListBoxItem id={id} className="menu-item" textValue={name}>
              {name}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}

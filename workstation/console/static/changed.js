// Whether somebody has typed into a field since its page was drawn, also before a script was there.

/** True for a field that is not as the page had it. */
export function isChanged(field) {
  if (field.options) {
    const said = [...field.options].find((each) => each.defaultSelected) ?? field.options[0];
    return Boolean(said) && !said.selected;
  }
  if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
  return "defaultValue" in field && field.value !== field.defaultValue;
}

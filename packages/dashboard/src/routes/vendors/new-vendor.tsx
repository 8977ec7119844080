export { NewVendor as default } from "./vendor.tsx";

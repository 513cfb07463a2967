/** The contact resource type of Graph v1.0 (contact.md), by the shape of the values. All of them can be written (contact-update.md). */
export const TEXT_PROPERTIES = [
	'displayName', 'fileAs', 'title', 'givenName', 'middleName', 'surname', 'generation', 'initials', 'nickName', 'yomiGivenName', 'yomiSurname', 'yomiCompanyName',
	'companyName', 'department', 'jobTitle', 'profession', 'officeLocation', 'manager', 'assistantName', 'mobilePhone', 'businessHomePage', 'spouseName', 'personalNotes',
] as const;

export const TEXT_LIST_PROPERTIES = ['businessPhones', 'homePhones', 'imAddresses', 'children', 'categories'] as const;

export const ADDRESS_PROPERTIES = ['businessAddress', 'homeAddress', 'otherAddress'] as const;

/** physicalAddress (physicaladdress.md). */
export const ADDRESS_FIELDS = ['street', 'city', 'state', 'postalCode', 'countryOrRegion'] as const;

/** Everything that a user can say of a contact, its photo aside. */
export const CONTACT_PROPERTIES = [...TEXT_PROPERTIES, 'birthday', 'emailAddresses', ...TEXT_LIST_PROPERTIES, ...ADDRESS_PROPERTIES] as const;

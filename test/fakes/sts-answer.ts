// The response of STS to GetWebIdentityToken. Source: docs.aws.amazon.com/STS/latest/APIReference

export function stsToken(token: string, expiration: Date): string {
  return `<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult>
    <WebIdentityToken>${token}</WebIdentityToken><Expiration>${expiration.toISOString()}</Expiration>
    </GetWebIdentityTokenResult></GetWebIdentityTokenResponse>`
}

export function stsError(code: string): { readonly status: number; readonly body: string } {
  const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
    <Code>${code}</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>`
  return { status: code === 'AccessDenied' ? 403 : 400, body }
}
